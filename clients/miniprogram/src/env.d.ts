/// <reference types="vite/client" />
/// <reference types="@dcloudio/types" />

declare module '*.vue' {
  import type { DefineComponent } from 'vue'
  const component: DefineComponent<object, object, unknown>
  export default component
}

interface ImportMetaEnv {
  /** Where the server answers, for programs that are not served by it (mp-weixin); empty means the own origin. */
  readonly VITE_SERVER_URL?: string
  /** A tile address with {z}/{x}/{y} in WGS-84 for the H5 map; empty draws the plain ground. */
  readonly VITE_TILE_URL?: string
}
