// SPDX-License-Identifier: Apache-2.0

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.util.List;

/** What handlers of grpc-java do not see: metadata, which goes back as asked; and compression. */
final class EchoMetadata implements ServerInterceptor {
  /** The name of the call that runs. */
  static final Context.Key<String> CALL_ID = Context.key("x-call-id");

  private static final List<String> INITIAL =
      List.of("x-grpc-test-echo-initial", "x-grpc-test-echo-initial-bin");
  private static final List<String> TRAILING =
      List.of("x-grpc-test-echo-trailing", "x-grpc-test-echo-trailing-bin");

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata header, ServerCallHandler<Q, R> next) {
    // Does nothing for clients that do not take it.
    call.setCompression("gzip");
    ServerCall<Q, R> echoing =
        new SimpleForwardingServerCall<>(call) {
          @Override
          public void sendHeaders(Metadata headers) {
            for (String name : INITIAL) Fields.copy(header, headers, name);
            super.sendHeaders(headers);
          }

          @Override
          public void close(Status status, Metadata trailers) {
            for (String name : TRAILING) Fields.copy(header, trailers, name);
            super.close(status, trailers);
          }
        };
    String id = header.get(Fields.text("x-call-id"));
    Context context = Context.current().withValue(CALL_ID, id == null ? "" : id);
    return Contexts.interceptCall(context, echoing, header, next);
  }
}
