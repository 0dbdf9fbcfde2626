// SPDX-License-Identifier: Apache-2.0
import { drawChart } from "./draw-chart.js";

drawChart();
