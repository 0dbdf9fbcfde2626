// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation Streams beside observables, event emitters and async iterables. */
export { type Observer, type StreamObservable, toObservable } from "./observable.js";
export { type Emitter, type PipeEventsOptions, pipeEvents } from "./pipe-events.js";
export { type PipeOptions, pipeIterable } from "./pipe-iterable.js";
export { type PipePushedOptions, pipeObservable, type Subscribable } from "./pipe-observable.js";
export type { SendingStream } from "./send-pump.js";
