//! A browser without a socket: it keeps cookies, follows redirects when told to, and fills in forms it has seen.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use http::{HeaderMap, HeaderValue, Method, header};
use keyhook_builtin::{BuiltinPages, hash_password};
use keyhook_component::batch::Batch;
use keyhook_component::endpoint::Endpoint;
use keyhook_component::hooks::{Finished, HookCall, HookPoint, Hooks, Verdict};
use keyhook_component::record::Key;
use keyhook_component::records::{NotBefore, Stored, User};
use keyhook_component::request::Request;
use keyhook_component::response::Response;
use keyhook_component::{BoxFuture, registry};
use keyhook_core::authorize::{Refusal, error_redirect};
use keyhook_core::{Application, Client, RedirectUri, Timestamp};

use crate::support::{CHALLENGE, World, confidential, public, world};

pub const PASSWORD: &str = "correct-horse";

/// A world with alice and bob, who can sign in, the confidential `shop`, and `phone`, an app with its own scheme.
pub async fn people() -> World {
    let mut world = world().await;
    world.context.pages = Arc::new(BuiltinPages::new(&world.context.settings.issuer));
    let mut shop = confidential("shop");
    shop.name = "Shop <b>& Sons</b>".into();
    shop.redirect_uris = vec![RedirectUri::parse("https://shop.example/cb").unwrap()];
    world.register(shop).await;
    let mut phone = public("phone");
    phone.application = Application::Native;
    phone.redirect_uris = vec![RedirectUri::parse("com.example.phone:/cb").unwrap()];
    world.register(phone).await;
    for name in ["alice", "bob"] {
        add_user(&world, name, |_| {}).await;
    }
    world
}

/// One computation for all tests: it is slow on purpose.
static HASH: OnceLock<String> = OnceLock::new();

pub async fn add_user(world: &World, name: &str, change: impl FnOnce(&mut User)) {
    let password = HASH.get_or_init(|| hash_password(PASSWORD, &[5; 16]).unwrap()).clone();
    let mut user = User { password: Some(password), name: None, disabled: false, created_at: Timestamp::ZERO };
    change(&mut user);
    let user = Stored::new(Key::named(name), Timestamp::MAX, user).put().unwrap();
    let _ = world.context.records.apply(Batch::new().with(user)).await.unwrap();
}

/// A chain whose one link is a closure, of a generation that the test changes.
pub struct Chain<F> {
    pub points: Vec<HookPoint>,
    pub generation: Arc<AtomicU64>,
    pub script: F,
}

impl<F: Fn(HookPoint, HookCall) -> Finished + Send + Sync> Hooks for Chain<F> {
    fn any(&self, point: HookPoint) -> bool {
        self.points.contains(&point)
    }

    fn run(&self, point: HookPoint, call: HookCall) -> BoxFuture<'static, Finished> {
        // As the host: the plugin that is left out says nothing.
        if call.skip.as_deref() == Some("bob") {
            return Box::pin(std::future::ready(Finished { call, verdict: Verdict::Continue, plugin: None }));
        }
        let finished = (self.script)(point, call);
        Box::pin(std::future::ready(finished))
    }

    fn generation(&self, point: HookPoint) -> u64 {
        self.generation.load(Ordering::SeqCst) + point as u64
    }
}

pub fn plugged(
    mut world: World,
    points: &[HookPoint],
    script: impl Fn(HookPoint, HookCall) -> Finished + Send + Sync + 'static,
) -> (World, Arc<AtomicU64>) {
    let generation = Arc::new(AtomicU64::new(1));
    world.context.hooks = Arc::new(Chain { points: points.to_vec(), generation: Arc::clone(&generation), script });
    (world, generation)
}

/// What came back.
#[derive(Debug)]
pub struct Page {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Page {
    pub fn location(&self) -> &str {
        assert_eq!(self.status, 303, "{self:#?}");
        self.headers[header::LOCATION].to_str().unwrap()
    }

    /// A parameter of the location's query.
    pub fn sent(&self, name: &str) -> Option<String> {
        let (_, query) = self.location().split_once('?')?;
        form_urlencoded::parse(query.as_bytes()).find(|(found, _)| found == name).map(|(_, value)| value.into_owned())
    }

    /// The value of a hidden field.
    pub fn field(&self, name: &str) -> String {
        let at = self.body.find(&format!("name=\"{name}\" value=\"")).unwrap_or_else(|| panic!("no field {name} in {}", self.body));
        let rest = &self.body[at..];
        rest.split('"').nth(3).unwrap().to_owned()
    }

    pub fn says(&self, text: &str) -> bool {
        self.body.contains(text)
    }
}

pub struct Browser<'a> {
    pub world: &'a World,
    pub cookies: BTreeMap<String, String>,
    pub address: IpAddr,
    pub headers: Vec<(&'static str, &'static str)>,
    pub endpoints: Vec<Arc<dyn Endpoint>>,
}

pub fn query(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// The authorization request of a client, with more parameters.
pub fn request_of(client: &str, more: &[(&str, &str)]) -> String {
    let redirect = if client == "phone" { "com.example.phone:/cb" } else { "https://shop.example/cb" };
    let mut pairs = vec![("response_type", "code"), ("client_id", client), ("redirect_uri", redirect), ("state", "s t/a+te")];
    pairs.extend([("code_challenge", CHALLENGE), ("code_challenge_method", "S256")]);
    pairs.extend(more);
    format!("/authorize?{}", query(&pairs))
}

impl<'a> Browser<'a> {
    pub fn of(world: &'a World) -> Browser<'a> {
        Browser {
            world,
            cookies: BTreeMap::new(),
            address: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
            headers: Vec::new(),
            endpoints: registry::endpoints(),
        }
    }

    pub async fn get(&mut self, url: &str) -> Page {
        self.send(Method::GET, url, "").await
    }

    pub async fn post(&mut self, url: &str, form: &[(&str, &str)]) -> Page {
        self.send(Method::POST, url, &query(form)).await
    }

    pub async fn send(&mut self, method: Method, url: &str, body: &str) -> Page {
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let settings = &self.world.context.settings;
        let mut headers = HeaderMap::new();
        if method == Method::POST {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        }
        let jar: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !jar.is_empty() {
            headers.insert(header::COOKIE, HeaderValue::from_str(&jar.join("; ")).unwrap());
        }
        for (name, value) in &self.headers {
            headers.insert(*name, HeaderValue::from_static(value));
        }
        let request = Request {
            id: "request-1".into(),
            method: method.clone(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers,
            body: body.to_owned().into(),
            client_ip: self.address,
            scheme: "https",
            host: "id.example".into(),
            path_parameters: Vec::new(),
        };
        let routed = self.endpoints.iter().find(|endpoint| {
            endpoint.routes(settings).iter().any(|(expected, pattern)| expected.as_ref() == Some(&method) && pattern == path)
        });
        let response = match routed {
            None => self.world.context.pages.not_found(&request, settings),
            Some(endpoint) => match endpoint.answer(&request, &self.world.context).await {
                Ok(response) => response,
                Err(Refusal::Page(error)) => self.world.context.pages.error(&request, settings, &error),
                Err(Refusal::Redirect { to, state, error }) => {
                    let target = error_redirect(&to, state.as_deref(), settings.issuer.as_str(), &error);
                    let mut response = Response::empty(http::StatusCode::SEE_OTHER);
                    response.headers.insert(header::LOCATION, HeaderValue::from_str(&target).unwrap());
                    response
                }
            },
        };
        self.keep_cookies(&response);
        let body = String::from_utf8(response.body.to_vec()).unwrap();
        Page { status: response.status.as_u16(), headers: response.headers, body }
    }

    fn keep_cookies(&mut self, response: &Response) {
        for cookie in response.headers.get_all(header::SET_COOKIE) {
            let text = cookie.to_str().unwrap();
            for attribute in ["; Path=/", "; HttpOnly", "; SameSite=Lax", "; Secure"] {
                assert!(text.contains(attribute), "{text}");
            }
            let (name, value) = text.split(';').next().unwrap().split_once('=').unwrap();
            assert!(name.starts_with("__Host-keyhook"), "{text}");
            if text.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    pub fn session(&self) -> Option<&String> {
        self.cookies.get("__Host-keyhook")
    }

    /// From the client's request to the login page.
    pub async fn login_page(&mut self, url: &str) -> Page {
        let login = self.get(url).await.location().to_owned();
        assert!(login.starts_with("/login?interaction=khi_"), "{login}");
        self.get(&login).await
    }

    /// Fills the login page in; what comes back is a redirect to resume, or the page again.
    pub async fn sign_in(&mut self, page: &Page, user: &str, password: &str) -> Page {
        let (interaction, token) = (page.field("interaction"), page.field("csrf_token"));
        self.post("/login", &[("interaction", &interaction), ("csrf_token", &token), ("username", user), ("password", password)]).await
    }

    /// From the client's request through the login to what comes after it.
    pub async fn arrive(&mut self, url: &str, user: &str) -> Page {
        let page = self.login_page(url).await;
        let resume = self.sign_in(&page, user, PASSWORD).await.location().to_owned();
        assert!(resume.starts_with("/authorize/resume?interaction="), "{resume}");
        self.get(&resume).await
    }

    /// Answers a consent page.
    pub async fn decide(&mut self, page: &Page, decision: &str) -> Page {
        let (interaction, token) = (page.field("interaction"), page.field("csrf_token"));
        self.post("/consent", &[("interaction", &interaction), ("csrf_token", &token), ("decision", decision)]).await
    }

    /// The whole way with Allow; gives the redirect to the client.
    pub async fn allow(&mut self, url: &str, user: &str) -> Page {
        let consent = self.arrive(url, user).await.location().to_owned();
        assert!(consent.starts_with("/consent?interaction="), "{consent}");
        let page = self.get(&consent).await;
        self.decide(&page, "allow").await
    }
}

/// Asserts the client was told no, with its state and our issuer (RFC 6749 §4.1.2.1, RFC 9207 §2).
pub fn assert_refused(page: &Page, error: &str) {
    assert_eq!(page.sent("error").as_deref(), Some(error), "{page:#?}");
    assert_eq!(page.sent("state").as_deref(), Some("s t/a+te"));
    assert_eq!(page.sent("iss").as_deref(), Some("https://id.example"));
    assert_eq!(page.sent("code"), None);
}

pub async fn change_client(world: &World, id: &str, change: impl FnOnce(&mut Client)) {
    let mut client = (*world.context.records.client(id).await.unwrap().unwrap()).clone();
    change(&mut client);
    world.register(client).await;
}

/// What `user passwd`, `user disable` and `user remove` write besides the user.
pub async fn sign_out_everywhere(world: &World, name: &str) {
    let ended = NotBefore { instant: world.context.now() };
    let ended = Stored::new(Key::named(name), Timestamp::MAX, ended).put().unwrap();
    let _ = world.context.records.apply(Batch::new().with(ended)).await.unwrap();
}
