// SPDX-License-Identifier: Apache-2.0

import interop.v1.Interop.Event;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/** What the server saw of its calls. */
final class Observed {
  private static final Map<String, CompletableFuture<Integer>> SEEN = new ConcurrentHashMap<>();

  private Observed() {}

  static void tell(String call, Event event, int code) {
    of(call, event).complete(code);
  }

  static CompletableFuture<Integer> of(String call, Event event) {
    return SEEN.computeIfAbsent(event + " " + call, key -> new CompletableFuture<>());
  }
}
