// What the HTTP API answers, by what it is about. Points and polygons are [lng, lat] in WGS-84; money is fen.
export * from './accounts'
export * from './arrears'
export * from './autopay'
export * from './console'
export * from './money'
export * from './patrol'
export * from './places'
export * from './stays'
