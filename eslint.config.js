// The rules a reviewer should not have to repeat: typed checks, and which folders may import what.
import tseslint from 'typescript-eslint'
import rooms from './eslint-rooms.ts'
import sql from './eslint-sql.ts'

const sdkWalls = [
  {
    name: '@google-cloud/storage',
    message: 'Only shared/storage.ts and its storage-client.ts talk to Cloud Storage.',
  },
  { name: '@google-cloud/tasks', message: 'Only shared/engine/tasks.ts talks to Cloud Tasks.' },
  { name: 'knex', message: 'Only shared/db/ and migrations/ talk to the database.' },
  { name: 'pg', message: 'Only shared/db/ and migrations/ talk to the database.' },
  {
    name: 'node:child_process',
    message:
      'Only shared/audio/ffmpeg.ts, shared/alignment/espeak.ts and shared/ears/listener.ts start processes, as shared/held-in.ts limits them.',
  },
  { name: 'koffi', message: 'Only shared/codec/libraries.ts calls foreign functions.' },
]
const wall = (files, patterns, open = []) => ({
  files,
  rules: {
    '@typescript-eslint/no-restricted-imports': [
      'error',
      {
        paths: sdkWalls
          .filter(({ name }) => !open.includes(name))
          .map((path) => ({ ...path, allowTypeImports: true })),
        patterns,
      },
    ],
  },
})
const notInto = (folder, why) => ({ group: [`**/${folder}/**`], message: why })
const noSiblingStep = {
  group: ['./*'],
  message: 'A function never imports another; shared work belongs in shared/.',
}

export default tseslint.config(
  {
    ignores: [
      ...['node_modules', '.spool', 'dist', 'episodes', 'coverage'],
      'shared/kernel/assembly', // AssemblyScript
    ],
  },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: { allowDefaultProject: ['eslint.config.js'] } },
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    plugins: { rooms, sql },
    rules: {
      'rooms/no-upward-import': 'error',
      'rooms/no-circle': 'error',
      'no-console': 'error',
      // what a rest leaves out is named
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true, argsIgnorePattern: '^_' }],
      '@typescript-eslint/no-non-null-assertion': 'off', // typed-array reads inside bounds
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      // an AbortSignal's reason is passed on as it is
      '@typescript-eslint/prefer-promise-reject-errors': 'off',
      '@typescript-eslint/only-throw-error': ['error', { allowThrowingUnknown: true, allowRethrowing: true }],
      '@typescript-eslint/unbound-method': 'off', // functions come in plain objects here; none has a `this`
      // the feed keeps what directories other than Apple still read
      '@typescript-eslint/no-deprecated': 'off',
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
    },
  },
  wall(
    ['functions/*.ts'],
    [notInto('local', 'The product cannot tell the local default from the cloud.'), noSiblingStep],
  ),
  wall(
    ['functions/index.ts', 'functions/main.ts'],
    [notInto('local', 'The product cannot tell the local default from the cloud.')],
  ),
  wall(
    ['shared/**/*.ts'],
    [
      notInto('functions', 'shared/ serves the functions and knows none of them.'),
      notInto('local', 'shared/ cannot tell the local default from the cloud.'),
    ],
  ),
  wall(['shared/storage.ts', 'shared/storage-client.ts'], [], ['@google-cloud/storage']),
  wall(['shared/engine/tasks.ts'], [], ['@google-cloud/tasks']),
  wall(
    ['shared/audio/ffmpeg.ts', 'shared/alignment/espeak.ts', 'shared/ears/listener.ts', 'shared/held-in.ts'],
    [],
    ['node:child_process'],
  ),
  wall(['shared/codec/libraries.ts'], [], ['koffi']),
  wall(
    ['shared/db/**/*.ts', 'migrations/*.ts'],
    [
      notInto('functions', 'The database knows no function.'),
      notInto('local', 'The database knows no host.'),
    ],
    ['knex', 'pg'],
  ),
  {
    files: ['functions/**/*.ts', 'shared/**/*.ts', 'local/**/*.ts', 'deploy/**/*.ts', 'migrations/**/*.ts'],
    rules: { 'sql/no-composed-statement': 'error' },
  },
  {
    files: ['local/**/*.ts', 'samples/**/*.ts', 'bench/**/*.ts', 'tests/**/*.ts'],
    rules: { 'no-console': 'off' },
  },
  { files: ['**/*.js'], ...tseslint.configs.disableTypeChecked },
)
