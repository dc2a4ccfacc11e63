// The friendly drawings of empty screens.
import { svgAddress } from './icons'

const frame = (body: string): string =>
  svgAddress(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 240 150" fill="none">${body}</svg>`)

const HILLS =
  '<ellipse cx="120" cy="128" rx="112" ry="16" fill="#e3edec"/>' +
  '<path d="M30 118c8-30 28-44 46-44 16 0 24 10 30 18 8-20 24-34 46-34 30 0 50 26 58 60z" fill="#d9ebe8"/>'

const CAR =
  '<path d="M82 96c2-10 9-24 14-27 4-3 44-3 48 0 5 3 12 17 14 27z" fill="#0f766e"/>' +
  '<path d="M92 94c2-7 6-16 9-18 3-1.5 15-1.5 17-1.5V94zm30 0V74.5c3 0 14 0 17 1.5 3 2 7 11 9 18z" fill="#cdeae5"/>' +
  '<path d="M72 104c0-7 4-10 10-10h78c6 0 10 4 10 10v14c0 3-2 4-4 4H76c-2 0-4-1-4-4z" fill="#14948a"/>' +
  '<circle cx="94" cy="121" r="10" fill="#24333f"/><circle cx="94" cy="121" r="4" fill="#dfe6ea"/>' +
  '<circle cx="148" cy="121" r="10" fill="#24333f"/><circle cx="148" cy="121" r="4" fill="#dfe6ea"/>' +
  '<rect x="160" y="102" width="9" height="6" rx="3" fill="#ffe3a3"/><rect x="73" y="102" width="6" height="6" rx="2" fill="#f3a6a0"/>'

const SIGN =
  '<rect x="196" y="62" width="4" height="66" rx="2" fill="#8fa3a6"/><rect x="182" y="36" width="32" height="32" rx="8" fill="#0f766e"/>' +
  '<path d="M193 60V44h6.5a5 5 0 0 1 0 10H193" stroke="#ffffff" stroke-width="3.5" stroke-linecap="round" stroke-linejoin="round"/>'

const KERB =
  '<rect x="14" y="126" width="212" height="5" rx="2.5" fill="#b9c8c9"/>' +
  '<path d="M52 126V96m56 30V96m56 30V96" stroke="#ffffff" stroke-width="3" stroke-dasharray="6 5"/>'

const SLIP =
  '<path d="M86 34h68v92l-8.5-6-8.5 6-8.5-6-8.5 6-8.5-6-8.5 6-8.5-6-8.5 6z" fill="#ffffff" stroke="#cfdcdc" stroke-width="2"/>' +
  '<path d="M98 56h30m-30 14h44m-44 14h36" stroke="#b9d6d2" stroke-width="5" stroke-linecap="round"/><circle cx="142" cy="54" r="7" fill="#0f766e"/>' +
  '<path d="m138.5 54 2.5 2.5 4.5-4.5" stroke="#ffffff" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"/>'

const LOST =
  '<path d="M120 118s-30-25-30-48a30 30 0 0 1 60 0c0 23-30 48-30 48z" fill="#0f766e"/><circle cx="120" cy="70" r="14" fill="#ffffff"/>' +
  '<path d="M115.5 66.5a4.5 4.5 0 1 1 6.5 4c-1.5.8-2 1.5-2 3m0 4v.3" stroke="#0f766e" stroke-width="2.6" stroke-linecap="round"/>'

const PICTURES = {
  car: frame(HILLS + CAR + SIGN),
  road: frame(HILLS + KERB + SIGN),
  slip: frame(HILLS + SLIP),
  lost: frame(HILLS + LOST),
}

export type PictureName = keyof typeof PICTURES

export const pictureAddress = (name: PictureName): string => PICTURES[name]
