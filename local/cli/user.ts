/** Whose everything is that the command line makes. */
export const userId = 'local'
