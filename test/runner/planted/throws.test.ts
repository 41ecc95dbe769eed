// Planted: test/unit/support/runner.test.ts sees how it is reported.
throw new Error('planted: at import');
