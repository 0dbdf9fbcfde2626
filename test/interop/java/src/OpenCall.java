// SPDX-License-Identifier: Apache-2.0

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.protobuf.Any;
import com.google.protobuf.util.JsonFormat;
import interop.v1.Interop.TestRequest;
import interop.v1.Interop.TestResponse;
import interop.v1.TestServiceGrpc;
import interop.v1.UnimplementedServiceGrpc;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.protobuf.StatusProto;
import java.util.ArrayDeque;
import java.util.Base64;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A call of the client. It asks for a message when somebody wants one. */
final class OpenCall extends ClientCall.Listener<TestResponse> {
  private final ClientCall<TestRequest, TestResponse> call;
  private final Queue<TestResponse> responses = new ArrayDeque<>();
  private Metadata header = new Metadata();
  private Metadata trailer;
  private Status status;

  private OpenCall(ClientCall<TestRequest, TestResponse> call) {
    this.call = call;
  }

  static OpenCall start(Channel channel, boolean gzip, JsonObject command) {
    MethodDescriptor<TestRequest, TestResponse> method = methodOf(command.get("path").getAsString());
    CallOptions options = CallOptions.DEFAULT;
    if (gzip) options = options.withCompression("gzip");
    JsonElement timeout = command.get("timeoutMs");
    if (timeout != null) {
      options = options.withDeadlineAfter(timeout.getAsLong(), TimeUnit.MILLISECONDS);
    }
    OpenCall call = new OpenCall(channel.newCall(method, options));
    call.call.start(call, Fields.toMetadata(command.getAsJsonObject("headers")));
    return call;
  }

  @SuppressWarnings("unchecked") // All methods that are called have these messages.
  private static MethodDescriptor<TestRequest, TestResponse> methodOf(String path) {
    return (MethodDescriptor<TestRequest, TestResponse>)
        Stream.of(TestServiceGrpc.getServiceDescriptor(), UnimplementedServiceGrpc.getServiceDescriptor())
            .flatMap(service -> service.getMethods().stream())
            .filter(method -> path.equals("/" + method.getFullMethodName()))
            .findFirst()
            .orElseThrow();
  }

  JsonElement run(String op, JsonObject command) throws Exception {
    switch (op) {
      case "send":
        for (JsonElement message : command.getAsJsonArray("messages")) send(message.toString());
        return null;
      case "closeSend":
        call.halfClose();
        return null;
      case "recv":
        return receive(command.get("max").getAsLong());
      case "cancel":
        call.cancel("the test cancels", null);
        return null;
      case "end":
        while (next() != null);
        return ending();
      default:
        throw new IllegalArgumentException("no such command: " + op);
    }
  }

  private void send(String json) throws Exception {
    TestRequest.Builder request = TestRequest.newBuilder();
    JsonFormat.parser().merge(json, request);
    // Waits for nothing: grpc-java keeps what flow control holds back.
    call.sendMessage(request.build());
  }

  private JsonElement receive(long max) throws Exception {
    JsonArray messages = new JsonArray();
    while (messages.size() < max) {
      TestResponse response = next();
      if (response == null) break;
      messages.add(JsonParser.parseString(JsonFormat.printer().print(response)));
    }
    JsonObject result = new JsonObject();
    result.add("messages", messages);
    return result;
  }

  private TestResponse next() throws InterruptedException {
    call.request(1);
    synchronized (this) {
      while (responses.isEmpty() && status == null) wait();
      return responses.poll();
    }
  }

  private synchronized JsonElement ending() {
    JsonArray details = new JsonArray();
    com.google.rpc.Status packed = StatusProto.fromStatusAndTrailers(status, trailer);
    List<Any> all = status.isOk() ? List.of() : packed.getDetailsList();
    for (Any detail : all) {
      JsonObject entry = new JsonObject();
      entry.addProperty("type", detail.getTypeUrl().replaceFirst(".*/", ""));
      entry.addProperty("value", Base64.getEncoder().encodeToString(detail.getValue().toByteArray()));
      details.add(entry);
    }
    JsonObject result = new JsonObject();
    result.addProperty("code", status.getCode().value());
    result.addProperty("message", status.getDescription() == null ? "" : status.getDescription());
    result.add("details", details);
    result.add("header", Fields.toJson(header));
    result.add("trailer", Fields.toJson(trailer));
    return result;
  }

  @Override
  public synchronized void onHeaders(Metadata headers) {
    header = headers;
  }

  @Override
  public synchronized void onMessage(TestResponse response) {
    responses.add(response);
    notifyAll();
  }

  @Override
  public synchronized void onClose(Status status, Metadata trailers) {
    this.status = status;
    trailer = trailers;
    notifyAll();
  }
}
