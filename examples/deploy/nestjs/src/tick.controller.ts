// SPDX-License-Identifier: Apache-2.0
import { Controller } from "@nestjs/common";
import { MessagePattern } from "@nestjs/microservices";
import { finalize, interval, map, type Observable } from "rxjs";
import type { WatchRequest } from "../gen/ticks/v1/ticks_pb.js";

@Controller()
export class TickController {
  @MessagePattern("ticks.v1.TickService/Watch")
  watch(request: WatchRequest): Observable<{ number: number }> {
    return interval(Math.max(request.intervalMs, 10)).pipe(
      map((index) => ({ number: index + 1 })),
      finalize(() => console.log("the client has left")),
    );
  }
}
