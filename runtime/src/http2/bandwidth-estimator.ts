// SPDX-License-Identifier: Apache-2.0

/** Bytes that come before it is worth to measure again. */
const MIN_SAMPLE_GAP_BYTES: number = 128 * 1024;

/** Measurements in a row that changed nothing, before they become rarer. */
const MAX_IDLE_SAMPLES = 4;

/** How rare they become: one for so many times the gap. */
const MAX_GAP_FACTOR = 256;

/**
 * Measures how many bytes are on their way at once: those that come between a ping and its answer.
 * While that is nearly a window, the window is what limits the peer, and twice as much is tried.
 * https://github.com/grpc/grpc-go/blob/v1.70.0/internal/transport/bdp_estimator.go
 */
export class BandwidthEstimator {
  #sample = 0;
  #measuring = false;
  #sinceSample = 0;
  #gapFactor = 1;
  #idleSamples = 0;
  #bestRate = 0;

  /** Bytes of data have come. True: send a ping, and call `finish` when it is answered. */
  received(bytes: number): boolean {
    if (this.#measuring) {
      this.#sample += bytes;
      return false;
    }
    this.#sinceSample += bytes;
    if (this.#sinceSample < MIN_SAMPLE_GAP_BYTES * this.#gapFactor) return false;
    this.#measuring = true;
    this.#sample = 0;
    return true;
  }

  /** The ping was answered. Returns the bytes that were on their way, if they came faster than ever. */
  finish(rttMs: number, window: number): number {
    this.#measuring = false;
    this.#sinceSample = 0;
    const rate = this.#sample / Math.max(rttMs, 0.01);
    if (this.#sample >= (window * 2) / 3 && rate > this.#bestRate) {
      this.#bestRate = rate;
      this.#idleSamples = 0;
      this.#gapFactor = 1;
      return this.#sample;
    }
    if (++this.#idleSamples > MAX_IDLE_SAMPLES) {
      this.#gapFactor = Math.min(MAX_GAP_FACTOR, 2 * this.#gapFactor);
    }
    return 0;
  }
}
