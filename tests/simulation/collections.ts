// Runs the clients' own connection and collection code in Node: screens that a test asks what they show.
//
// node collections.mjs <url> <token> <channels a screen, as JSON>
// A line on stdin asks; a line on stdout answers with what each screen shows.

import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import { collection, connectRealtime, createApi, sendByFetch, type Collection, type Fold } from '../../clients/shared/src'

type Row = unknown[]
type Rows = ReadonlyMap<string, Row>
type Data = { berths?: Row[]; places?: Row[] }

const VERSION = 4
// Run from the folder whose packages are the clients'.
const WebSocket = createRequire(`${process.cwd()}/package.json`)('ws') as unknown
const [url, token, screensText] = process.argv.slice(2) as [string, string, string]
const screens = JSON.parse(screensText) as string[][]
let publications = 0
let loads = 0

const fold: Fold<Rows, Data> = (held, data) => {
  if (held === null) loads += 1
  const next = new Map(held ?? [])
  for (const row of data.berths ?? data.places ?? []) {
    const shown = next.get(row[0] as string)
    if (shown === undefined || (row[VERSION] as number) > (shown[VERSION] as number)) next.set(row[0] as string, row)
  }
  return next
}

const open = screens.map((channels) => {
  const api = createApi({ audience: 'console', origin: url, token: () => token, send: sendByFetch() })
  const realtime = connectRealtime({ api, origin: url.replace(/^http/, 'ws'), websocket: WebSocket })
  const followed = new Map<string, Collection<Rows>>()
  for (const channel of channels) {
    const one = collection<Rows, Data>({ client: realtime.client, api, channel, fold, onPublication: () => (publications += 1) })
    followed.set(channel, one)
  }
  return { realtime, followed }
})

createInterface({ input: process.stdin }).on('line', () => {
  const shown = open.map(({ followed }) =>
    [...followed].map(([channel, { value }]) => ({ channel, status: value.status, rows: [...(value.data?.values() ?? [])] })),
  )
  console.log(JSON.stringify({ shown, publications, loads }))
})
