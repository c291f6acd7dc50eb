//! Grinders turned by hand and by motor.

use super::pen::{COFFEE_DARK, shadow, shine};

/// A hand grinder: lower part and cap of `body`, the ring one grips of `ring`, the knob of `knob`.
pub fn hand(body: &str, ring: &str, knob: &str) -> String {
    let shadow = shadow(360.0, 118.0);
    let low = shine("M 294 426 V 576", 15.0);
    let ribs: String = (0..9).map(|i| format!("M {x} 268 V 390 ", x = 286 + i * 19)).collect();
    format!(
        r##"{shadow}
        <rect x="351" y="166" width="19" height="62" fill="#7D766B"/>
        <path d="M 356 172 L 552 150" stroke="#91897D" stroke-width="18" stroke-linecap="round"/>
        <path d="M 358 167 L 546 146" stroke="#FFF" stroke-opacity=".28" stroke-width="5" stroke-linecap="round"/>
        <rect x="524" y="76" width="50" height="86" rx="22" fill="url(#{knob})"/>
        <path d="M 540 96 V 138" stroke="#FFF" stroke-opacity=".32" stroke-width="9" stroke-linecap="round"/>
        <rect x="270" y="392" width="180" height="214" rx="19" fill="url(#{body})"/>
        <rect x="259" y="254" width="202" height="150" rx="19" fill="url(#{ring})"/>
        <path d="{ribs}" stroke="#5F574C" stroke-opacity=".32" stroke-width="6" stroke-linecap="round"/>
        <rect x="270" y="220" width="180" height="42" rx="13" fill="url(#{body})"/>
        <rect x="322" y="478" width="76" height="38" rx="6" fill="#FFF" fill-opacity=".1"/>
        {low}"##
    )
}

/// The slim one that goes along in a bag, its crank folded.
pub fn travel() -> String {
    let shadow = shadow(372.0, 88.0);
    let shine = shine("M 330 330 V 576", 13.0);
    format!(
        r##"{shadow}
        <path d="M 372 196 L 520 236 V 300" fill="none" stroke="#91897D" stroke-width="17" stroke-linecap="round" stroke-linejoin="round"/>
        <rect x="498" y="290" width="44" height="96" rx="20" fill="url(#walnut)"/>
        <path d="M 513 310 V 360" stroke="#FFF" stroke-opacity=".3" stroke-width="8" stroke-linecap="round"/>
        <circle cx="372" cy="196" r="17" fill="#6F685E"/>
        <rect x="302" y="204" width="140" height="44" rx="12" fill="url(#steel)"/>
        <rect x="308" y="246" width="128" height="360" rx="17" fill="url(#ceramic)"/>
        <path d="M 308 424 H 436" stroke="#A89A86" stroke-width="5"/>
        <rect x="304" y="440" width="136" height="56" rx="10" fill="url(#ember)"/>
        <path d="M 304 460 H 440 M 304 478 H 440" stroke="#6B3116" stroke-opacity=".35" stroke-width="4"/>
        {shine}"##
    )
}

/// A motor grinder with a hopper of beans and a cup beneath.
pub fn electric() -> String {
    let shadow = shadow(372.0, 150.0);
    let shine = shine("M 268 324 V 560", 16.0);
    format!(
        r##"{shadow}
        <path d="M 262 120 H 482 L 452 268 H 292 Z" fill="#FFF" fill-opacity=".45"/>
        <path d="M 278 190 H 466 L 450 268 H 294 Z" fill="{COFFEE_DARK}"/>
        <path d="M 278 190 q 16 -20 34 0 q 14 -24 34 0 q 16 -20 32 0 q 16 -22 34 0 q 14 -20 34 0 q 10 -12 20 0 Z" fill="#6F4029"/>
        <path d="M 262 120 H 482 L 452 268 H 292 Z" fill="none" stroke="#FFF" stroke-opacity=".75" stroke-width="7"/>
        <rect x="252" y="100" width="240" height="26" rx="11" fill="url(#black)"/>
        <rect x="340" y="80" width="64" height="22" rx="9" fill="url(#walnut)"/>
        <path d="M 254 266 H 490 Q 508 266 508 284 V 578 Q 508 606 480 606 H 264 Q 236 606 236 578 V 284 Q 236 266 254 266 Z" fill="url(#black)"/>
        <path d="M 346 380 H 490 V 552 H 346 Q 334 552 334 540 V 392 Q 334 380 346 380 Z" fill="#10120D"/>
        <path d="M 388 380 H 448 L 436 412 H 400 Z" fill="#6F685E"/>
        <path d="M 368 450 H 468 L 462 544 Q 460 552 450 552 H 386 Q 376 552 374 544 Z" fill="url(#steel)"/>
        <ellipse cx="418" cy="450" rx="50" ry="9" fill="{COFFEE_DARK}"/>
        <circle cx="300" cy="330" r="26" fill="url(#steel)"/><path d="M 300 330 L 314 314" stroke="#3B2718" stroke-width="6" stroke-linecap="round"/>
        <path d="M 352 330 h 96" stroke="#FFF" stroke-opacity=".16" stroke-width="9" stroke-linecap="round" stroke-dasharray="1 19"/>
        {shine}"##
    )
}

/// The single-dose grinder: aslant, a wooden lid, a dosing cup.
pub fn single_dose() -> String {
    let shadow = shadow(372.0, 148.0);
    let shine = shine("M 300 212 L 268 330", 15.0);
    format!(
        r##"{shadow}
        <path d="M 300 124 Q 306 104 328 104 H 420 Q 442 104 444 124 L 448 152 H 294 Z" fill="url(#walnut)"/>
        <path d="M 290 148 H 452 L 458 184 H 284 Z" fill="#FFF" fill-opacity=".5"/>
        <path d="M 288 166 H 455 L 458 186 H 284 Z" fill="{COFFEE_DARK}"/>
        <path d="M 284 182 H 460 Q 478 182 482 200 L 506 324 Q 512 356 480 356 H 250 Q 222 356 228 326 L 258 202 Q 262 182 284 182 Z" fill="url(#ceramic)"/>
        <path d="M 250 352 H 372 L 344 606 H 264 Q 236 606 238 578 Z" fill="url(#ceramic)"/>
        <path d="M 332 352 H 372 L 344 606 H 316 Z" fill="#8F806B" fill-opacity=".35"/>
        <rect x="226" y="570" width="292" height="38" rx="15" fill="url(#walnut)"/>
        <path d="M 400 354 H 470 L 456 408 H 414 Z" fill="url(#steel)"/>
        <path d="M 388 456 H 488 L 480 562 Q 479 570 470 570 H 406 Q 397 570 396 562 Z" fill="url(#black)"/>
        <ellipse cx="438" cy="456" rx="50" ry="9" fill="{COFFEE_DARK}"/>
        <circle cx="372" cy="268" r="46" fill="#D7C9B4"/><circle cx="372" cy="268" r="34" fill="url(#walnut)"/>
        <path d="M 372 268 L 392 244" stroke="#FBF5EA" stroke-width="6" stroke-linecap="round"/>
        {shine}"##
    )
}
