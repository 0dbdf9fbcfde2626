// SPDX-License-Identifier: Apache-2.0
import { VERSION } from "../api/version.js";

/** How clients introduce themselves. */
export const USER_AGENT: string = `connect-stream/${VERSION}`;
