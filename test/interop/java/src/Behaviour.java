// SPDX-License-Identifier: Apache-2.0

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import interop.v1.Interop.EchoStatus;
import interop.v1.Interop.ErrorInfo;
import interop.v1.Interop.Event;
import interop.v1.Interop.TestRequest;
import interop.v1.Interop.TestResponse;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;

/** The handler of all RPCs that have behaviour: a thread, which takes requests and waits for room. */
final class Behaviour implements StreamObserver<TestRequest> {
  private final ServerCallStreamObserver<TestResponse> responses;
  private final boolean summary;
  private final String id = EchoMetadata.CALL_ID.get();
  private final Queue<TestRequest> requests = new ArrayDeque<>();
  private boolean halfClosed;
  private boolean cancelled;

  private Behaviour(ServerCallStreamObserver<TestResponse> responses, boolean summary) {
    this.responses = responses;
    this.summary = summary;
  }

  static Behaviour start(ServerCallStreamObserver<TestResponse> responses, boolean summary) {
    Behaviour behaviour = new Behaviour(responses, summary);
    responses.setOnReadyHandler(behaviour::wake);
    responses.setOnCancelHandler(behaviour::cancel);
    Thread thread = new Thread(behaviour::run);
    thread.setDaemon(true);
    thread.start();
    return behaviour;
  }

  static Behaviour stream(ServerCallStreamObserver<TestResponse> responses, boolean summary) {
    responses.disableAutoRequest();
    Behaviour behaviour = start(responses, summary);
    responses.request(1);
    return behaviour;
  }

  void only(TestRequest request) {
    onNext(request);
    onCompleted();
  }

  @Override
  public synchronized void onNext(TestRequest request) {
    requests.add(request);
    notifyAll();
  }

  @Override
  public synchronized void onCompleted() {
    halfClosed = true;
    notifyAll();
  }

  @Override
  public void onError(Throwable error) {
    cancel();
  }

  private synchronized void cancel() {
    cancelled = true;
    notifyAll();
  }

  private synchronized void wake() {
    notifyAll();
  }

  private void run() {
    Observed.tell(id, Event.EVENT_BEGUN, 0);
    int code = 0;
    try {
      answer();
      responses.onCompleted();
    } catch (StatusRuntimeException failure) {
      code = failure.getStatus().getCode().value();
      if (!responses.isCancelled()) responses.onError(failure);
    } catch (InterruptedException error) {
      throw new IllegalStateException(error);
    } finally {
      Observed.tell(id, Event.EVENT_ENDED, code);
    }
  }

  private void answer() throws InterruptedException {
    int sent = 0;
    int received = 0;
    int bytes = 0;
    TestRequest last = null;
    for (TestRequest request; (request = next()) != null; ) {
      last = request;
      received++;
      bytes += request.getPayload().size();
      Observed.tell(id, Event.EVENT_RECEIVED, 0);
      if (!summary) {
        for (TestResponse response : responsesTo(request)) {
          send(response.toBuilder().setNumber(sent++).build());
        }
      }
      if (request.getStatus().getCode() != 0) throw failure(request.getStatus());
      if (request.getHang()) hang();
      if (request.getFinish()) break;
    }
    if (last == null || !last.getFinish()) Observed.tell(id, Event.EVENT_HALF_CLOSED, 0);
    if (last != null && last.getHangAtEnd()) hang();
    if (!summary) return;
    List<TestResponse> all = last == null ? List.of() : responsesTo(last);
    TestResponse response = all.isEmpty() ? TestResponse.getDefaultInstance() : all.get(0);
    send(response.toBuilder().setNumber(received).setReceivedBytes(bytes).build());
  }

  private static List<TestResponse> responsesTo(TestRequest request) {
    List<TestResponse> all = new ArrayList<>();
    TestResponse.Builder response = TestResponse.newBuilder().setText(request.getText());
    for (int size : request.getResponseSizesList()) {
      all.add(response.setPayload(ByteString.copyFrom(new byte[size])).build());
    }
    if (request.getEcho()) all.add(response.setPayload(request.getPayload()).build());
    return all;
  }

  /** The next request, or null at their end. */
  private TestRequest next() throws InterruptedException {
    TestRequest request;
    synchronized (this) {
      while (requests.isEmpty() && !halfClosed && !cancelled) wait();
      if (cancelled) throw Status.CANCELLED.asRuntimeException();
      request = requests.poll();
    }
    if (request != null) responses.request(1);
    return request;
  }

  private void send(TestResponse response) throws InterruptedException {
    synchronized (this) {
      while (!responses.isReady() && !cancelled) wait();
      if (cancelled) throw Status.CANCELLED.asRuntimeException();
    }
    responses.onNext(response);
  }

  private synchronized void hang() throws InterruptedException {
    while (!cancelled) wait();
    throw Status.CANCELLED.asRuntimeException();
  }

  private static StatusRuntimeException failure(EchoStatus echo) {
    com.google.rpc.Status.Builder status =
        com.google.rpc.Status.newBuilder().setCode(echo.getCode()).setMessage(echo.getMessage());
    if (echo.getReason().isEmpty()) {
      return Status.fromCodeValue(echo.getCode())
          .withDescription(echo.getMessage())
          .asRuntimeException();
    }
    status.addDetails(Any.pack(ErrorInfo.newBuilder().setReason(echo.getReason()).build()));
    return StatusProto.toStatusRuntimeException(status.build());
  }
}
