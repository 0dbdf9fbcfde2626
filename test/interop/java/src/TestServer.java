// SPDX-License-Identifier: Apache-2.0

import interop.v1.Interop.AwaitRequest;
import interop.v1.Interop.AwaitResponse;
import interop.v1.Interop.TestRequest;
import interop.v1.Interop.TestResponse;
import interop.v1.ObserverServiceGrpc.ObserverServiceImplBase;
import interop.v1.TestServiceGrpc.TestServiceImplBase;
import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.net.InetSocketAddress;

/** The services of interop.proto, on generated classes. */
final class TestServer extends TestServiceImplBase {
  /** Starts a server, and gives its port. */
  static int start() throws Exception {
    Server server =
        NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0))
            .intercept(new EchoMetadata())
            .addService(new TestServer())
            .addService(new Observer())
            .build()
            .start();
    return server.getPort();
  }

  @Override
  public void emptyCall(TestRequest request, StreamObserver<TestResponse> responses) {
    responses.onNext(TestResponse.getDefaultInstance());
    responses.onCompleted();
  }

  @Override
  public void unaryCall(TestRequest request, StreamObserver<TestResponse> responses) {
    Behaviour.start((ServerCallStreamObserver<TestResponse>) responses, true).only(request);
  }

  @Override
  public void streamingOutputCall(TestRequest request, StreamObserver<TestResponse> responses) {
    Behaviour.start((ServerCallStreamObserver<TestResponse>) responses, false).only(request);
  }

  @Override
  public StreamObserver<TestRequest> streamingInputCall(StreamObserver<TestResponse> responses) {
    return Behaviour.stream((ServerCallStreamObserver<TestResponse>) responses, true);
  }

  @Override
  public StreamObserver<TestRequest> fullDuplexCall(StreamObserver<TestResponse> responses) {
    return Behaviour.stream((ServerCallStreamObserver<TestResponse>) responses, false);
  }

  private static final class Observer extends ObserverServiceImplBase {
    @Override
    public void await(AwaitRequest request, StreamObserver<AwaitResponse> responses) {
      Observed.of(request.getCallId(), request.getEvent())
          .thenAccept(
              code -> {
                responses.onNext(AwaitResponse.newBuilder().setCode(code).build());
                responses.onCompleted();
              });
    }
  }
}
