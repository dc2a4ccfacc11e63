// Says what each piece of a stay's evidence means to its driver; pure.
import { showMoney, showPlate, type EvidenceEntry } from '@smartcloud/shared'
import { t } from '@/locale'

export interface Told {
  id: string
  at_ms: number
  text: string
  note: string
  photo: boolean
}

/** The entries that tell a driver something, in their order. */
export function tellEvidence(entries: readonly EvidenceEntry[]): Told[] {
  return entries.flatMap((entry) => {
    const text = textOf(entry)
    return text === null ? [] : [{ id: entry.id, at_ms: Date.parse(entry.at), text, note: noteOf(entry), photo: entry.kind === 'photo' }]
  })
}

function textOf({ kind, said, by }: EvidenceEntry): string | null {
  switch (kind) {
    case 'reading':
      return ofReading(said)
    case 'photo':
      return t(`stay.entry.photo.${said.kind}`)
    case 'edit':
      return t('stay.entry.edit', { reason: String(said.reason) }) + (said.undone ? t('stay.entry.undone') : '')
    case 'price':
      return said.amount === null ? t('parking.unsettled') : t('stay.entry.price', { amount: showMoney(Number(said.amount)) })
    case 'bill':
      return t('stay.entry.bill', { amount: showMoney(Number(said.due)) })
    case 'discount':
      return t('stay.entry.discount', { amount: showMoney(Number(said.amount)) })
    case 'payment':
      return t('stay.entry.payment', { amount: showMoney(Number(said.amount)), method: t(`stay.entry.method.${said.provider}`) })
    case 'refund':
      return t(`stay.entry.refund.${said.state === 'succeeded' || said.state === 'requested' ? said.state : 'other'}`, { amount: showMoney(Number(said.amount)) })
    case 'review':
      if (said.outcome) return t(`stay.entry.outcome.${said.outcome}`)
      return t(by === 'self' ? 'stay.entry.review' : 'stay.entry.doubt')
  }
}

// A heartbeat says nothing to a driver, and what was not believed is no evidence.
function ofReading(said: EvidenceEntry['said']): string | null {
  if (said.verdict !== 'applied') return null
  if (said.plate) return t('stay.entry.camera', { plate: showPlate(String(said.plate)) })
  if (said.kind === 'arrived' || said.kind === 'left' || said.kind === 'alarm') return t(`stay.entry.${said.kind}`)
  return null
}

function noteOf({ kind, said }: EvidenceEntry): string {
  if (kind === 'edit' && said.difference) return t('stay.entry.difference', { amount: showMoney(Number(said.difference)) })
  if (kind === 'discount' || kind === 'refund') return String(said.reason || '')
  if (kind === 'review') return String(said.remark || said.statement || '')
  return ''
}
