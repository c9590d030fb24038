/** How much a browser is sent to show a page of the console. */
import { brotliCompressSync } from 'node:zlib'
import { loadAssets } from '../../shared/console/assets.ts'

/** A page, what it names and what that imports: the assets' names, and the bytes of all of it over the wire. */
export async function pageWeight(html: string): Promise<{ files: ReadonlySet<string>; bytes: number }> {
  const assets = await loadAssets()
  const { imports } = JSON.parse(/importmap">(.*?)<\/script>/.exec(html)![1]!) as {
    imports: Record<string, string>
  }
  const fileOf = (url: string) => url.split(`/assets/${assets.version}/`)[1]!
  const loaded = new Set(
    [...html.matchAll(/(?:href|src)="([^"]*\/assets\/[^"]+)"/g)].map(([, url]) => fileOf(url!)),
  )
  for (const file of loaded)
    for (const [, name] of assets
      .find(file)!
      .plain.toString()
      .matchAll(/\bfrom\s*["']([^"']+)["']/g))
      loaded.add(
        name!.startsWith('.')
          ? new URL(name!, `http://x/${file}`).pathname.slice(1)
          : fileOf(imports[name!]!),
      )
  const bytes = [...loaded].reduce((sum, file) => sum + assets.find(file)!.brotli.length, 0)
  return { files: loaded, bytes: bytes + brotliCompressSync(html).length }
}
