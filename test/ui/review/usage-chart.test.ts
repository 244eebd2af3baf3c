import { describe, expect, it } from 'vitest';
import type { ChartedHour } from '../../../src/domain/review.js';
import { styleFor } from '../../../src/render/style.js';
import { bandText, chartSpan, usageChart } from '../../../src/ui/review/usage-chart.js';

const style = styleFor({ colorLevel: 0, unicode: true });
const start = Date.parse('2026-11-21T00:00:00Z');
const hoursOf = (
  requests: readonly number[],
  low: number | null = 2,
  high: number | null = 4,
): ChartedHour[] => requests.map((each, at) => ({ at: start + at * 3_600_000, requests: each, low, high }));

describe('the chart of requests by hour', () => {
  it('in one row is bars, with a sign under what is above and what is below the band', () => {
    expect(usageChart(hoursOf([3, 8, 0]), { columns: 20, height: 1, style })).toEqual(['▄█·', ' ▲◆']);
  });

  it('has no row of signs when all is as usual', () => {
    expect(usageChart(hoursOf([3, 3]), { columns: 20, height: 1, style })).toHaveLength(1);
  });

  it('in several rows shades the band where no bar stands, and labels its ends', () => {
    expect(usageChart(hoursOf([0, 4, 8], 2, 6), { columns: 20, height: 4, style })).toEqual([
      '8   █',
      '  ░░█',
      '  ░██',
      '0  ██',
      '  ◆ ▲',
    ]);
  });

  it('keeps the newest hours when there are more than columns', () => {
    expect(usageChart(hoursOf([9, 9, 9, 3, 3], null, null), { columns: 2, height: 1, style })).toEqual([
      '██',
    ]);
    expect(chartSpan(hoursOf(Array<number>(40).fill(1)), 24)).toBe('11-21 16h      11-22 15h');
  });

  it('says the band in words, and when too little is known for one', () => {
    expect(bandText(hoursOf([3, 512], 40, 80), { style })).toBe('expected 40–80  this hour 512 ▲');
    expect(bandText(hoursOf([300, 60], 40, 80), { style })).toBe('expected 40–80  this hour 60  most 300 ▲');
    expect(bandText(hoursOf([0, 1], 0, 0.65), { style })).toBe('expected 0–1  this hour 1');
    expect(bandText(hoursOf([3], null, null), { style })).toContain('too little history');
  });
});
