// SPDX-License-Identifier: Apache-2.0
import "reflect-metadata";
import { Module } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { registerTickService } from "../gen/ticks/v1/ticks_stream.js";
import { ConnectStreamServer } from "./connect-stream-server.js";
import { TickController } from "./tick.controller.js";

@Module({ controllers: [TickController] })
class AppModule {}

const app = await NestFactory.createMicroservice(AppModule, {
  strategy: new ConnectStreamServer({
    port: Number(process.env.PORT ?? 8080),
    routes: (router, rpcs) =>
      registerTickService(router, { watch: rpcs.serverStreaming("ticks.v1.TickService/Watch") }),
  }),
});
app.enableShutdownHooks();
await app.listen();
