// SPDX-License-Identifier: Apache-2.0
import {
  create,
  type DescMessage,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import { isObject } from "../options/settings.js";
import { checkFields, wrongType } from "./wrong-type.js";

/**
 * The whole message of a message or its init shape. The public types take care of most; what callers
 * without types give in its place throws a `ConnectError`, where it would be an empty message.
 */
export function toMessage(desc: DescMessage, message: object): MessageShape<DescMessage> {
  if (!isObject(message)) throw wrongType(desc, "an object", message);
  const whole = create(desc, message as MessageInitShape<DescMessage>);
  checkFields(desc, whole);
  return whole;
}
