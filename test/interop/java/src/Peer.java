// SPDX-License-Identifier: Apache-2.0

import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** grpc-java, on Netty, as a peer of the interop tests; see ../../peers/child.ts for the commands. */
public final class Peer {
  private static final Gson GSON = new Gson();
  private final PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
  private final Map<Integer, OpenCall> calls = new ConcurrentHashMap<>();
  private ManagedChannel channel;
  private boolean gzip;

  public static void main(String[] args) throws Exception {
    Peer peer = new Peer();
    ExecutorService commands = Executors.newCachedThreadPool();
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line; (line = in.readLine()) != null; ) {
      JsonObject command = JsonParser.parseString(line).getAsJsonObject();
      commands.execute(() -> peer.reply(command));
    }
    // Calls that tests have left open need no answer.
    System.exit(0);
  }

  private void reply(JsonObject command) {
    JsonObject reply = new JsonObject();
    reply.add("id", command.get("id"));
    try {
      reply.add("result", run(command.get("op").getAsString(), command));
    } catch (Exception error) { // The test has to know.
      reply.addProperty("error", error.toString());
    }
    synchronized (out) {
      out.println(GSON.toJson(reply));
    }
  }

  private JsonElement run(String op, JsonObject command) throws Exception {
    switch (op) {
      case "serve":
        JsonObject port = new JsonObject();
        port.addProperty("port", TestServer.start());
        return port;
      case "dial":
        URI url = URI.create(command.get("url").getAsString());
        gzip = command.get("gzip").getAsBoolean();
        channel = NettyChannelBuilder.forAddress(url.getHost(), url.getPort()).usePlaintext().build();
        return null;
      case "open":
        calls.put(command.get("call").getAsInt(), OpenCall.start(channel, gzip, command));
        return null;
      default:
        return callOf(command).run(op, command);
    }
  }

  private OpenCall callOf(JsonObject command) {
    return calls.get(command.get("call").getAsInt());
  }
}
