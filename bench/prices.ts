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
  /** Cloud SQL, Enterprise edition, one zone: the smallest machine and the next, a month; SSD. */
  databaseMicroMonth: 0.0105 * 730,
  databaseSmallMonth: 0.035 * 730,
  perGibMonthOfDatabase: 0.17,
  /** Secret Manager, of a version that is there; Cloud Scheduler, of a job; Artifact Registry. */
  perSecretMonth: 0.06,
  perScheduledJobMonth: 0.1,
  perGibMonthOfImages: 0.1,
  /** Cloud Build, a minute of eight small cores, and of the two that functions are built on. */
  perBuildMinute: 0.016,
  perSmallBuildMinute: 0.006,
  /** A load balancer's forwarding rule, which a CDN needs. */
  perForwardingRuleMonth: 0.025 * 730,
}
