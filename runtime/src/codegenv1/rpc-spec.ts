// SPDX-License-Identifier: Apache-2.0
import type { DescMessage, DescMethod } from "@bufbuild/protobuf";
import type { HeartbeatSpec } from "../protocol/heartbeat.js";

/** What generated code tells of one RPC that its descriptor does not. */
export interface RpcSpec<Policy> {
  /** The member of handler and client, for an RPC whose own local name cannot be used. */
  readonly member?: string;
  /** What the schema declares for this side. */
  readonly policy?: Policy;
  /** The message that a client gives when it opens the stream, first of all. */
  readonly initialMetadata?: DescMessage;
  /** The messages that keep a quiet stream of responses alive. */
  readonly heartbeat?: HeartbeatSpec;
}

/** The RPCs of a service of which there is something to tell, by their local name. */
export type RpcSpecs<Policy> = Readonly<Record<string, RpcSpec<Policy>>>;

/** What is told of `method`, and the name of its member. */
export function specOf<Policy>(
  specs: RpcSpecs<Policy>,
  { localName }: DescMethod,
): { readonly spec: RpcSpec<Policy>; readonly member: string } {
  // A method may have the name of something that all objects inherit.
  const spec = (Object.hasOwn(specs, localName) && specs[localName]) || {};
  return { spec, member: spec.member ?? localName };
}
