// What a call to or from a provider is about, by its method and path: the log shows a clerk's word beside it.
const OPERATIONS: readonly [RegExp, string][] = [
  [/^notice$/, 'notice'],
  [/\/parking\/services\/find/, 'mandate'],
  [/\/vehicle\/parking\/parkings/, 'entry'],
  [/\/vehicle\/transactions\/parking/, 'debit'],
  [/\/vehicle\/transactions\//, 'debitQuery'],
  [/\/refund\/domestic\/refunds$|trade\.refund$/, 'refund'],
  [/\/refund\/domestic\/refunds\/|refund\.query$/, 'refundQuery'],
  [/\/transactions\/[^/]+\/[^/]+\/close$|trade\.close$/, 'close'],
  [/\/transactions\/(?:out-trade-no|id)\/|trade\.query$/, 'query'],
  [/\/transactions\/(?:jsapi|native|h5|app)|trade\.(?:pay|precreate|create|page\.pay|wap\.pay)$/, 'begin'],
  [/\/bill\/|billdownload|bill\.downloadurl/, 'bill'],
]

/** The name of an operation's word; null where it has none and is shown as it is. */
export const operationOf = (operation: string): string | null => OPERATIONS.find(([pattern]) => pattern.test(operation))?.[1] ?? null
