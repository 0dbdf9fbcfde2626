// SPDX-License-Identifier: Apache-2.0
import type { DescExtension, DescMethod, DescService } from "@bufbuild/protobuf";

/** Where a fault is: file, service or RPC, the option, and the field in it. */
export class OptionPlace {
  readonly desc: DescService | DescMethod;
  readonly option: DescExtension;
  /** Fields, each with a dot in front, and indices: `.errors[0].reason`. */
  readonly path: string;

  constructor(desc: DescService | DescMethod, option: DescExtension, path = "") {
    this.desc = desc;
    this.option = option;
    this.path = path;
  }

  /** A field within, such as `timeouts` or `errors[0]`. */
  field(name: string): OptionPlace {
    return new OptionPlace(this.desc, this.option, `${this.path}.${name}`);
  }

  /** As an error begins. */
  toString(): string {
    const { desc, option, path } = this;
    const { file } = desc.kind === "rpc" ? desc.parent : desc;
    return `${file.proto.name}: ${desc}: option (${option.typeName})${path}`;
  }
}
