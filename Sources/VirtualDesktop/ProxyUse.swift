// How a machine reaches the service when its way out is an explicit proxy.
public import SimulationKernel
public import Wire

/// The proxy a client or session host is configured with; UDP knows nothing of it.
public struct ProxyUse: Sendable, Equatable {
  public var proxy: Endpoint
  /// Destinations it connects to directly.
  public var except: [ComponentKey]
  public init(proxy: Endpoint, except: [ComponentKey]) {
    self.proxy = proxy
    self.except = except
  }

  /// The proxy on the way to `name`; `nil` when it is not asked.
  func proxy(to name: ComponentKey) -> Endpoint? { except.contains(name) ? nil : proxy }
}
