// SPDX-License-Identifier: Apache-2.0
import { create, type DescMessage } from "@bufbuild/protobuf";
import { pathToString } from "@bufbuild/protobuf/reflect";
import {
  CompilationError,
  createValidator,
  type ValidationError,
  type Validator,
  violationsToProto,
} from "@bufbuild/protovalidate";
import { Code, ConnectError } from "@connectrpc/connect";
import { BadRequestSchema } from "../gen/google/rpc/error_details_pb.js";
import type { MessageRole, StreamValidation } from "../options/validation.js";
import { samplesOf, typesOf } from "./rule-probes.js";

/** Options of `createValidation`. */
export interface ValidationOptions {
  /** A validator with options of its own. Default: `createValidator()` of protovalidate. */
  validator?: Validator;
  /** Validates messages before they are sent, too. Default: only those that are received. */
  sent?: boolean;
}

/**
 * Validates messages by the `buf.validate` rules of their schema: for the option `validation` of
 * services, clients and calls. One object can serve all of them, and compiles each rule once.
 *
 * An error for an invalid message has all violations: as `buf.validate.Violations`, and for requests
 * as `google.rpc.BadRequest`, too. Requests are `invalid_argument`, responses are `internal`.
 */
export function createValidation({
  validator = createValidator(),
  sent = false,
}: ValidationOptions = {}): StreamValidation {
  const prepared = new WeakSet<DescMessage>();
  return {
    sent,
    prepare(desc) {
      if (prepared.has(desc)) return;
      for (const type of typesOf(desc)) compile(validator, type);
      prepared.add(desc);
    },
    check(desc, message, role) {
      const result = validator.validate<DescMessage>(desc, message);
      if (result.kind === "valid") return undefined;
      if (result.kind === "invalid") return invalid(desc, result.error, role);
      throw result.error;
    },
  };
}

/**
 * Has all rules of a type compiled. Protovalidate reports a CEL expression that does not compile
 * when it comes to it: only messages that have the fields of a rule bring it there.
 */
function compile(validator: Validator, desc: DescMessage): void {
  for (const message of samplesOf(desc)) {
    const { error } = validator.validate<DescMessage>(desc, message);
    if (!(error instanceof CompilationError)) continue;
    const reason = `validation: the rules of ${desc.typeName} do not compile: ${error.message}`;
    throw new TypeError(reason, { cause: error });
  }
}

function invalid(desc: DescMessage, error: ValidationError, role: MessageRole): ConnectError {
  const [value, violations] = violationsToProto(error.violations);
  const details = [{ desc: violations, value }, ...(role === "request" ? [badRequest(error)] : [])];
  const code = role === "request" ? Code.InvalidArgument : Code.Internal;
  const message = `invalid ${desc.typeName}: ${error.message}`;
  return new ConnectError(message, code, undefined, details, error);
}

function badRequest({ violations }: ValidationError) {
  const fieldViolations = violations.map(({ field, message, ruleId }) => ({
    field: pathToString(field),
    // A rule written in CEL need not have a message.
    description: message || ruleId,
  }));
  return { desc: BadRequestSchema, value: create(BadRequestSchema, { fieldViolations }) };
}
