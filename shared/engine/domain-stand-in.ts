/** What functions-framework uses of Node's `domain`; it runs what it is given and watches nothing. */

const domain = {
  on: () => domain,
  run: (use: () => void) => {
    use()
  },
  bind: <F>(callback: F): F => callback,
}

Object.defineProperty(process, 'domain', { value: domain, configurable: true })

export const create = () => domain
