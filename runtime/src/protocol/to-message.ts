// SPDX-License-Identifier: Apache-2.0
import {
  create,
  type DescMessage,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";

/** The whole message of a message or its init shape, of which the public types take care. */
export function toMessage(desc: DescMessage, message: object): MessageShape<DescMessage> {
  return create(desc, message as MessageInitShape<DescMessage>);
}
