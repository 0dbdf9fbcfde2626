// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation For tests: handlers without a server, servers from a script. Any runner. */
export { type PlacedStep, type RecordedStep, readRecording } from "./recorded-steps.js";
export {
  parseRecording,
  type RecordingOptions,
  type ServerStreamingRecording,
  type StreamRecording,
  type UnaryRecording,
} from "./recording.js";
export {
  type ScriptedHandler,
  type ScriptStep,
  type StreamScriptStep,
  scripted,
} from "./scripted.js";
export {
  type AnyStep,
  type Expected,
  type ExpectedError,
  type PlayOptions,
  type ReceiverStep,
  ScriptError,
  type SenderStep,
} from "./steps.js";
export { testCall } from "./test-call.js";
export type {
  BidiStreamingTestCall,
  ClientStreamingTestCall,
  ServerStreamingTestCall,
  TestCall,
  TestCallOptions,
  TestMetadata,
  UnaryTestCall,
} from "./types.js";
