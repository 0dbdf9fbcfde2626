// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation The errors that a schema declares: read, checked and named. */
import { type DescMethod, type DescService, equals } from "@bufbuild/protobuf";
import {
  type DeclaredError,
  DeclaredErrorSchema,
  method as methodOption,
  service as serviceOption,
} from "connect-stream/gen/connectstream/v1/options_pb.js";
import { checkDomain, checkError } from "./error-rules.js";
import { errorMember } from "./names.js";
import type { OptionPlace } from "./option-place.js";
import { type Report, raise, reporting, SchemaError } from "./schema-error.js";
import { optionOf, type SchemaOptions } from "./schema-options.js";

/** An error that RPCs of a service may end with. */
export interface ServiceError {
  readonly declared: DeclaredError;
  /** Its name in generated code. */
  readonly member: string;
  /** Which RPCs may end with it. */
  readonly methods: ReadonlySet<DescMethod>;
}

/** What a service declares of errors. */
export interface ServiceErrors {
  /** `google.rpc.ErrorInfo.domain`. */
  readonly domain: string;
  /** All of the service and of its RPCs, each once. */
  readonly all: readonly ServiceError[];
  /** The names of those that an RPC may end with. */
  readonly members: ReadonlyMap<DescMethod, readonly string[]>;
}

/** One place of a schema where an error is declared. */
interface Place {
  readonly where: OptionPlace;
  readonly declared: DeclaredError;
  /** Grows when another RPC declares the same. */
  readonly methods: Set<DescMethod>;
}

/** The errors of a service and of its RPCs. Reports what is invalid in them. */
export function errorsOf(
  service: DescService,
  options: SchemaOptions,
  report: Report = raise,
): ServiceErrors {
  const general = reporting(report, () => options.service(service));
  const option = optionOf(service, serviceOption);
  if (general) {
    reporting(report, () => checkDomain(option.field("error_domain"), general.errorDomain));
  }
  const places = [
    ...placesOf(option, general?.errors, service.methods),
    ...service.methods.flatMap((method) => {
      const own = reporting(report, () => options.method(method));
      return placesOf(optionOf(method, methodOption), own?.errors, [method]);
    }),
  ];
  for (const { where, declared } of places) reporting(report, () => checkError(where, declared));
  const byMember = new Map<string, Place>();
  for (const place of places) {
    const member = errorMember(place.declared.reason);
    const other = byMember.get(member);
    if (other) reporting(report, () => join(member, other, place));
    else byMember.set(member, place);
  }
  const all = [...byMember].map(([member, { declared, methods }]) => ({
    declared,
    member,
    methods,
  }));
  return {
    domain: general?.errorDomain || service.typeName,
    all,
    members: membersByMethod(service, all),
  };
}

function membersByMethod(
  service: DescService,
  all: readonly ServiceError[],
): ReadonlyMap<DescMethod, readonly string[]> {
  const members = new Map<DescMethod, string[]>(service.methods.map((method) => [method, []]));
  for (const { member, methods } of all) {
    for (const method of methods) members.get(method)?.push(member);
  }
  return members;
}

function placesOf(
  option: OptionPlace,
  errors: readonly DeclaredError[] = [],
  methods: readonly DescMethod[],
): Place[] {
  return errors.map((declared, i) => ({
    where: option.field(`errors[${i}]`),
    declared,
    methods: new Set(methods),
  }));
}

/** RPCs may share an error, if they say the same of it. */
function join(member: string, first: Place, second: Place): void {
  const { reason } = second.declared;
  if (first.declared.reason !== reason) {
    throw new SchemaError(
      `${second.where}.reason: ${first.declared.reason} and ${reason} are both named ${member} in generated code, rename one`,
      second.where.field("reason"),
    );
  }
  if ([...second.methods].some((method) => first.methods.has(method))) {
    throw new SchemaError(
      `${second.where}: ${reason} is already declared at ${first.where}`,
      second.where,
    );
  }
  if (!equals(DeclaredErrorSchema, first.declared, second.declared)) {
    throw new SchemaError(
      `${second.where}: ${reason} is declared differently at ${first.where}: ` +
        "declare the same, choose another reason, or declare the error once, for the service",
      second.where,
    );
  }
  for (const method of second.methods) first.methods.add(method);
}
