// SPDX-License-Identifier: Apache-2.0

/** Names that mean something to JavaScript, TypeScript, the runtime or the generated code. */
export const hostileNames: readonly string[] = [
  ...words(`break case catch class const continue debugger default delete do else enum export extends
    false finally for function if import in instanceof new null return super switch this throw true
    try typeof var void while with yield let static implements interface package private protected
    public await async of as from type namespace module declare abstract readonly get set keyof infer
    is asserts unique satisfies accessor using out any unknown never object string number boolean
    symbol bigint undefined NaN Infinity eval arguments globalThis require exports`),
  ...words(`Promise Partial Record Readonly AsyncIterable Headers Error Object Array Map Symbol Function
    String Number Boolean BigInt Date JSON Proxy Reflect Uint8Array AbortSignal Iterable Exclude`),
  ...words(`then Then constructor Constructor __proto__ prototype toString ToString
    valueOf toJSON hasOwnProperty HasOwnProperty isPrototypeOf propertyIsEnumerable toLocaleString
    __defineGetter__ __defineSetter__ __lookupGetter__ __lookupSetter__ length name call apply bind
    close Close send recv New Get Set`),
  ...words(`ConnectRouter HandlerContext MessageInitShape MessageShape Transport StreamCallOptions
    StreamClientOptions StreamServiceOptions ServerStreamingServer ClientStreamingServer
    BidiStreamingServer ServerStreamingClient ClientStreamingClient BidiStreamingClient
    registerService createServiceClient createPlainServiceClient Service ServerStreaming BidiStreaming
    createServiceErrors Code DeclaredError TemporaryError`),
  ...words(`router handler options transport request response stream context
    AServerStream BClientStream SHandler SClient registerS createSClient SErrors sErrors`),
];

/** The words of a text. */
export function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}
