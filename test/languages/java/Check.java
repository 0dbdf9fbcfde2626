// SPDX-License-Identifier: Apache-2.0

import com.connectstream.v1.Code;
import com.connectstream.v1.MethodPolicy;
import com.connectstream.v1.OptionsProto;
import com.connectstream.v1.ServicePolicy;
import com.connectstream.v1.WhenFull;
import com.example.catalog.v1.CatalogProto;
import com.google.protobuf.Descriptors.ServiceDescriptor;
import java.util.List;

/** Reads our options from the Java code that protoc generates. */
public final class Check {
  public static void main(String[] args) {
    ServiceDescriptor service =
        CatalogProto.getDescriptor().findServiceByName("CatalogService");
    ServicePolicy general = service.getOptions().getExtension(OptionsProto.service);
    check(general.getClient().getTimeoutMs() == 5000, general);
    check(
        general.getClient().getRetry().getRetryableCodesList().equals(List.of(Code.CODE_UNAVAILABLE)),
        general);
    check(general.getErrors(0).getCode() == Code.CODE_NOT_FOUND, general);

    MethodPolicy method =
        service.findMethodByName("Watch").getOptions().getExtension(OptionsProto.method);
    check(method.getServer().getTimeouts().getSendMs() == 30000, method);
    check(
        method.getServer().getQueues().getSend().getWhenFull() == WhenFull.WHEN_FULL_DROP_OLDEST,
        method);
    check(method.getHeartbeat().getField().equals("heartbeat"), method);
  }

  private static void check(boolean isRight, Object policy) {
    if (!isRight) throw new AssertionError(policy);
  }
}
