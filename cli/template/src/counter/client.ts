import { createStreamTransport } from "connect-stream/node";
import { createCounterServiceClient } from "../../gen/counter/v1/counter_stream.js";

const baseUrl = process.env.SERVER_URL ?? "http://localhost:8080";
const client = createCounterServiceClient(createStreamTransport({ baseUrl, protocol: "grpc" }));

const watching = client.watch({});
console.log("the count is", (await watching.recv())?.count);

const adding = client.add();
for (const amount of [1, 2, 3]) await adding.send({ amount });
console.log("added 6:", (await adding.closeAndRecv()).count);

const playing = client.play();
await playing.send({ amount: 10 });
console.log("added 10:", (await playing.recv())?.count);
await playing.closeSend();

for (let i = 0; i < 4; i++) console.log("meanwhile, the watch saw", (await watching.recv())?.count);
watching.close(); // cancels the call
console.log("the count is", (await client.get({})).count);
