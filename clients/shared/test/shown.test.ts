import { describe, expect, it } from 'vitest'
import { distanceM, measureServerClock, showAgo, showClock, showDateTime, showDistance, showDuration, showMoney, showPeriod, showShortMoney, wgs84ToGcj02 } from '../src'

describe('money', () => {
  it('is shown from fen without ever being a fraction', () => {
    expect([0, 5, 1250, 123456789, -300].map(showMoney)).toEqual(['¥0.00', '¥0.05', '¥12.50', '¥1,234,567.89', '-¥3.00'])
    expect([300, 1250].map(showShortMoney)).toEqual(['¥3', '¥12.50'])
  })
})

describe('times', () => {
  it('show a duration in its two largest units', () => {
    expect([42, 60, 3600, 4800, 86400, 93600].map(showDuration)).toEqual(['不到1分钟', '1分钟', '1小时', '1小时20分', '1天', '1天2小时'])
  })

  it('show how long ago something was, and a date when that is long', () => {
    const now_ms = Date.UTC(2026, 10, 23, 4, 3, 4)
    const ago = (s: number) => showAgo(now_ms - s * 1000, now_ms)
    expect([0, 12, 180, 7200].map(ago)).toEqual(['刚刚', '12秒前', '3分钟前', '2小时前'])
    expect(ago(172_800)).toBe('11-21 12:03')
  })

  it("are the city's, wherever the device is", () => {
    expect(showClock(Date.UTC(2026, 10, 23, 20, 3, 4))).toBe('04:03:04')
    expect(showDateTime(Date.UTC(2026, 11, 31, 18, 0))).toBe('01-01 02:00')
    expect(showPeriod(Date.UTC(2026, 9, 1, 2, 14), Date.UTC(2026, 9, 1, 11, 28))).toBe('10-01 10:14 — 19:28')
    expect(showPeriod(Date.UTC(2026, 9, 1, 15, 50), Date.UTC(2026, 9, 1, 16, 10))).toBe('10-01 23:50 — 10-02 00:10')
  })

  it("take the server's clock from the quickest round trip", async () => {
    // given a server 5 s ahead, and round trips of 400, 20 and 300 ms of which only the quick one is symmetric
    let local_ms = 1_000
    const trips = [
      { there: 390, back: 10 },
      { there: 10, back: 10 },
      { there: 0, back: 300 },
    ]
    const readServerTime = async () => {
      const trip = trips.shift() as { there: number; back: number }
      local_ms += trip.there
      const server_ms = local_ms + 5_000
      local_ms += trip.back
      return server_ms
    }

    const clock = await measureServerClock(readServerTime, { samples: 3, now: () => local_ms })

    expect(clock.now_ms()).toBe(local_ms + 5_000)
    expect(clock.error_ms).toBe(10)
  })
})

describe('places', () => {
  it('shift to GCJ-02 inside China by the published amount, and not outside', () => {
    const [lng, lat] = wgs84ToGcj02([114.0579, 22.5431])
    expect(lng).toBeCloseTo(114.06301, 4)
    expect(lat).toBeCloseTo(22.5404, 3)
    expect(wgs84ToGcj02([2.35, 48.85])).toEqual([2.35, 48.85])
  })

  it('lie apart by metres that people read', () => {
    expect(distanceM([114, 22], [114, 22.01])).toBeCloseTo(1111.95, 1)
    expect([84.4, 1260].map(showDistance)).toEqual(['84米', '1.3公里'])
  })
})
