import Testing

@testable import PythonEnvironments

@Suite struct WheelDirectoryTests {
  @Test func membersGoWhereAnInstallerPutsThem() {
    #expect(WheelDirectory.place(of: "requests/api.py") == "lib/requests/api.py")
    #expect(WheelDirectory.place(of: "a-1.0.data/purelib/a/b.py") == "lib/a/b.py")
    #expect(WheelDirectory.place(of: "a-1.0.data/platlib/a.so") == "lib/a.so")
    #expect(WheelDirectory.place(of: "a-1.0.data/scripts/run") == "data/scripts/run")
    #expect(WheelDirectory.place(of: "a_b-1.0.data/headers/x.h") == "data/headers/a_b/x.h")
    #expect(WheelDirectory.place(of: "a-1.0.data/data/share/x") == "data/data/share/x")
    #expect(WheelDirectory.place(of: "odd.data") == "lib/odd.data")
  }
}
