/** The product's log is silent in tests; it reads its level when it is loaded. */
process.env['LOG_LEVEL'] ??= 'silent'
