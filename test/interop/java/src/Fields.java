// SPDX-License-Identifier: Apache-2.0

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.grpc.Metadata;
import java.util.Base64;
import java.util.Map;

/** Metadata as the tests have it: values by name, those of "-bin" names in base64. */
final class Fields {
  private Fields() {}

  static Metadata toMetadata(JsonObject headers) {
    Metadata metadata = new Metadata();
    for (Map.Entry<String, JsonElement> header : headers.entrySet()) {
      for (JsonElement value : header.getValue().getAsJsonArray()) {
        put(metadata, header.getKey(), value.getAsString());
      }
    }
    return metadata;
  }

  static JsonObject toJson(Metadata metadata) {
    JsonObject headers = new JsonObject();
    for (String name : metadata.keys()) {
      // Of a response that is not gRPC's, grpc-java gives the status, too.
      if (name.startsWith(":")) continue;
      JsonArray values = new JsonArray();
      if (isBinary(name)) {
        for (byte[] value : metadata.getAll(binary(name))) {
          values.add(Base64.getEncoder().encodeToString(value));
        }
      } else {
        // HTTP lets a field's values travel as one.
        for (String value : metadata.getAll(text(name))) {
          for (String one : value.split(", ")) values.add(one);
        }
      }
      headers.add(name, values);
    }
    return headers;
  }

  /** Adds the values that `from` has under `name`. */
  static void copy(Metadata from, Metadata to, String name) {
    if (!from.keys().contains(name)) return;
    if (isBinary(name)) {
      for (byte[] value : from.getAll(binary(name))) to.put(binary(name), value);
    } else {
      for (String value : from.getAll(text(name))) to.put(text(name), value);
    }
  }

  private static void put(Metadata metadata, String name, String value) {
    if (isBinary(name)) metadata.put(binary(name), Base64.getDecoder().decode(value));
    else metadata.put(text(name), value);
  }

  static Metadata.Key<String> text(String name) {
    return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
  }

  private static Metadata.Key<byte[]> binary(String name) {
    return Metadata.Key.of(name, Metadata.BINARY_BYTE_MARSHALLER);
  }

  private static boolean isBinary(String name) {
    return name.endsWith(Metadata.BINARY_HEADER_SUFFIX);
  }
}
