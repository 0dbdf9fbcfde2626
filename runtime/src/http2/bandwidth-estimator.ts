// SPDX-License-Identifier: Apache-2.0

/**
 * Measurements in a row that change nothing before there is a pause. More than one: the first may
 * begin anywhere in a burst, and the next begins with one.
 */
const MAX_IDLE_SAMPLES = 3;

/** Bytes to let pass before the next measurements, to begin with and at most; doubled each time. */
const MIN_PAUSE_BYTES: number = 128 * 1024;
const MAX_PAUSE_BYTES: number = 64 * 1024 * 1024;

/**
 * Measures how many bytes are on their way at once: those that come between a ping and its answer.
 * While that is nearly a window, the window is what limits the peer, and twice as much is tried.
 * https://github.com/grpc/grpc-go/blob/v1.70.0/internal/transport/bdp_estimator.go
 */
export class BandwidthEstimator {
  #sample = 0;
  #measuring = false;
  #idleSamples = 0;
  #bestRate = 0;
  /** Bytes until it is worth to measure, and how many it will be the next time. */
  #pauseLeft: number = MIN_PAUSE_BYTES;
  #pause: number = MIN_PAUSE_BYTES;

  /** Bytes of data have come. True: send a ping, and call `finish` when it is answered. */
  received(bytes: number): boolean {
    if (this.#measuring) {
      this.#sample += bytes;
      return false;
    }
    this.#pauseLeft -= bytes;
    if (this.#pauseLeft > 0) return false;
    this.#measuring = true;
    this.#sample = bytes;
    return true;
  }

  /** The ping was answered. Returns the bytes that were on their way, if they came faster than ever. */
  finish(rttMs: number, window: number): number {
    this.#measuring = false;
    const rate = this.#sample / Math.max(rttMs, 0.01);
    if (this.#sample >= (window * 2) / 3 && rate > this.#bestRate) {
      this.#bestRate = rate;
      this.#idleSamples = 0;
      this.#pause = MIN_PAUSE_BYTES;
      return this.#sample;
    }
    if (++this.#idleSamples >= MAX_IDLE_SAMPLES) {
      this.#idleSamples = 0;
      this.#pauseLeft = this.#pause;
      this.#pause = Math.min(MAX_PAUSE_BYTES, 2 * this.#pause);
    }
    return 0;
  }
}
