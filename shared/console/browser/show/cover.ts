/** The show's cover: the one there is, and another one with what will be done to it. */
import { useEffect, useState } from 'preact/hooks'
import { remove } from '../api.ts'
import { Action, html, Notice, reasonOf, size } from '../parts.ts'
import { upload as send } from '../upload.ts'
import type { Asset } from './template.ts'

/** As shared/objects.ts has them: the first that is there is the cover. */
const coverNames = ['cover.jpg', 'cover.jpeg', 'cover.png']

/** Which of the files is the cover. */
export const coverAmong = (assets: readonly Asset[]): Asset | undefined =>
  coverNames.map((name) => assets.find(({ file }) => file === name)).find(Boolean)

const mostBytes = 10 * 1024 * 1024
const [least, most] = [1400, 3000]

interface Chosen {
  readonly file: File
  readonly address: string
  readonly name: string
  readonly width: number
  readonly height: number
}

export function Cover({
  id,
  slug,
  assets,
  uploaded,
}: {
  id: string
  slug: string
  assets: readonly Asset[]
  /** There is another one now. */
  uploaded: () => Promise<void>
}) {
  const [chosen, setChosen] = useState<Chosen>()
  const [complaint, setComplaint] = useState<string>()
  const present = coverAmong(assets)
  useEffect(() => () => URL.revokeObjectURL(chosen?.address ?? ''), [chosen])

  const choose = async (event: Event) => {
    const file = (event.currentTarget as HTMLInputElement).files?.[0]
    setChosen(undefined)
    setComplaint(undefined)
    if (!file) return
    try {
      setChosen(await look(file))
    } catch (error) {
      setComplaint(reasonOf(error))
    }
  }
  const upload = async () => {
    const { file, name } = chosen!
    await send({ podcast: slug }, name, file, {
      signal: new AbortController().signal,
      progress: () => undefined,
    })
    for (const other of coverNames.filter(
      (each) => each !== name && assets.some(({ file: there }) => there === each),
    ))
      await remove(`/podcasts/${id}/assets/${other}`)
    setChosen(undefined)
    await uploaded()
  }
  return html`<fieldset class="cover">
    <legend>Cover</legend>
    ${
      chosen || present
        ? html`<img
            src=${chosen?.address ?? present!.url}
            alt=${chosen ? 'The cover you have chosen' : 'The cover of the show'}
          />`
        : html`<p class="quiet">There is none yet. Directories ask for one.</p>`
    }
    <div>
      <label for="cover-file">${present ? 'Another picture' : 'A picture'}</label>
      <input
        id="cover-file"
        type="file"
        accept="image/jpeg,image/png"
        onChange=${(event: Event) => void choose(event)}
      />
      <small>JPEG or PNG, up to 10 MB; a square of 3000 pixels is best.</small>
      ${complaint === undefined ? null : html`<${Notice} kind="error">${complaint}</${Notice}>`}
      ${
        chosen
          ? html`<p role="status">${chosen.width} × ${chosen.height} pixels, ${size(chosen.file.size)}. ${whatIsDone(chosen)}</p>
              <${Action} kind="main" act=${upload}>Use this cover</${Action}>`
          : null
      }
    </div>
  </fieldset>`
}

async function look(file: File): Promise<Chosen> {
  const ending = ({ 'image/jpeg': 'jpg', 'image/png': 'png' } as Readonly<Record<string, string>>)[file.type]
  if (ending === undefined) throw new Error(`${file.name} is neither a JPEG nor a PNG.`)
  if (file.size > mostBytes)
    throw new Error(`${file.name} has ${size(file.size)}; the limit is ${size(mostBytes)}.`)
  const address = URL.createObjectURL(file)
  const picture = new Image()
  picture.src = address
  try {
    await picture.decode()
  } catch {
    URL.revokeObjectURL(address)
    throw new Error(`${file.name} cannot be read as a picture.`)
  }
  return {
    file,
    address,
    name: `cover.${ending}`,
    width: picture.naturalWidth,
    height: picture.naturalHeight,
  }
}

/** As shared/feed/cover.ts does it. */
function whatIsDone({ width, height }: Chosen): string {
  const shortest = Math.min(width, height)
  const side = Math.min(most, Math.max(least, shortest))
  const steps = [
    ...(width === height ? [] : ['cropped to a square']),
    ...(side === shortest
      ? []
      : [`${side > shortest ? 'enlarged' : 'made smaller'} to ${side} × ${side} pixels`]),
    'saved as a JPEG of at most 500 kB',
  ]
  const blurred =
    side > shortest ? ` It will look blurred: take one of ${least} pixels or more if you can.` : ''
  return `For the feed it is ${steps.join(', then ')}.${blurred}`
}
