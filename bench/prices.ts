/**
 * Google Cloud's prices, in one place, with the day they were looked up. US dollars, first price tier,
 * without the free allowance.
 */
export const prices = {
  asOf: '2026-11',
  /** Cloud Run functions, request-based billing. */
  perVcpuSecond: 0.000024,
  perGibSecond: 0.0000025,
  perMillionRequests: 0.4,
  /** Cloud Tasks, per million operations; a task is created and dispatched. */
  perMillionTaskOperations: 0.4,
  /** Cloud Storage, standard class, one region: class A, class B, what is kept, what listeners download. */
  perMillionStorageWrites: 5,
  perMillionStorageReads: 0.4,
  perGibMonthStored: 0.02,
  perGibDownloaded: 0.12,
}
