// SPDX-License-Identifier: Apache-2.0
import type { DescService, Registry } from "@bufbuild/protobuf";

/** Where a command has its descriptors from. */
export interface Schema {
  /** What is known by now: for messages that travel in an `Any`, and in details of errors. */
  readonly registry: Registry;

  /** Full names of all services, in order. */
  serviceNames(): Promise<readonly string[]>;

  /** The service of that full name, if there is one. */
  findService(name: string): Promise<DescService | undefined>;

  /** Brings the message of that full name into the registry, if there is one. */
  resolve(typeName: string): Promise<void>;

  /** Frees what it holds. */
  close(): void;
}
