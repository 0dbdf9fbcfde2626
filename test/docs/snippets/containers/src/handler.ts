// SPDX-License-Identifier: Apache-2.0
export { monitor } from "../../getting-started/src/handler.js";
