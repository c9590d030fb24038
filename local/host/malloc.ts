/**
 * How glibc keeps memory, told by the environment of a process through which much sound comes and goes.
 *
 * Set by itself, glibc's limit grows with the largest block that was freed, up to 32 MB; blocks below it come from a
 * heap that gives nothing back while something above them lives. Fixed at its first value, sound that is collected
 * is memory that is free: 15 MB less. Two such heaps in place of one for every thread: 10 MB less. And a process starts
 * programs the sooner the less memory it has, as its page tables are copied each time.
 */
export const mallocSettings = { MALLOC_MMAP_THRESHOLD_: '131072', MALLOC_ARENA_MAX: '2' }
