// SPDX-License-Identifier: Apache-2.0

import { pairsOf } from "./pair.js";
import { connectEs } from "./peers/connect-es.js";
import { connectGo, grpcGo } from "./peers/go.js";
import { grpcJs } from "./peers/grpc-js.js";
import { grpcJava } from "./peers/java.js";
import { niceGrpc } from "./peers/nice-grpc.js";
import { ours } from "./peers/ours.js";
import { python } from "./peers/python.js";
import { describePairs } from "./suite.js";

const servers = [grpcJs, niceGrpc, connectEs, python, grpcGo, connectGo, grpcJava];

describePairs(pairsOf([ours], servers));
