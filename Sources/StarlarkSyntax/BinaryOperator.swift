/// The binary operators of the language.
public enum BinaryOperator: UInt8, Sendable, CustomStringConvertible {
  case plus, minus, multiply, divide, floorDivide, modulo
  case bitAnd, bitOr, bitXor, shiftLeft, shiftRight
  case less, lessOrEqual, greater, greaterOrEqual, equal, notEqual, isIn, isNotIn

  /// The operator as written.
  public var description: String {
    switch self {
    case .plus: "+"
    case .minus: "-"
    case .multiply: "*"
    case .divide: "/"
    case .floorDivide: "//"
    case .modulo: "%"
    case .bitAnd: "&"
    case .bitOr: "|"
    case .bitXor: "^"
    case .shiftLeft: "<<"
    case .shiftRight: ">>"
    case .less: "<"
    case .lessOrEqual: "<="
    case .greater: ">"
    case .greaterOrEqual: ">="
    case .equal: "=="
    case .notEqual: "!="
    case .isIn: "in"
    case .isNotIn: "not in"
    }
  }
}
