export interface TestCount {
  passed: number;
  failed: number;
  skipped: number;
}

export interface TestReport {
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

export function countTests(report: TestReport): TestCount;
export function closingLine(count: TestCount): string;
