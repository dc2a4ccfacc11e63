/// <reference types="vite/client" />

interface ImportMetaEnv {
  /** Template of map tiles ("https://…/{z}/{x}/{y}.png"); without it the map draws its own quiet base. */
  readonly VITE_TILE_URL?: string
}
