/** For how many milliseconds after a heartbeat nobody doubts an owner that does not say it of itself. */
export const OWNER_LEASE_MS = 15_000;
