// What is tested here are pure functions; what people see is tested in a real browser.
export default {
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/lib'],
  testMatch: ['<rootDir>/test/*.spec.ts'],
  transform: {
    '\\.ts$': [
      'ts-jest',
      { diagnostics: false, tsconfig: 'test/tsconfig.json' }
    ]
  }
};
